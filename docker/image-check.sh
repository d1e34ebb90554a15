#!/bin/bash
# Builds the images by the Dockerfile's own steps, without a registry and without an engine, and lives a made-up county's
# month on the deployment from them: set up, a month through Airflow, an upgrade, idle, a backup and its restore on another
# machine, by the lines that docs/deployment.md and docs/operations.md write (tests/image/story.py). The services run as
# docker-compose.yaml says: as uid 50000, without a capability, on a root file system that cannot be written to.
#
# As root, in a clone of what is committed; needs buildah, debootstrap, docker-compose, PostgreSQL and Redis. The base is a
# stand-in made by debootstrap (PYTHON_IMAGE and DEBIAN_IMAGE name what a deployment takes): Debian's own Python under the
# names that the official image gives it. FROM names the version to upgrade from; TOP a folder that is kept, so that what was
# built serves again.
# Some fifteen minutes, five gigabytes.
set -euo pipefail
cd "$(dirname "$0")/.."
for program in buildah debootstrap unshare setpriv ip docker-compose redis-server git; do
  command -v "$program" >/dev/null || { echo "$program is not on this machine: apt-get install buildah debootstrap docker-compose redis-server postgresql" >&2; exit 1; }
done
if [ "$(id -u)" -ne 0 ]; then echo "image-check makes file systems: run it as root." >&2; exit 1; fi
here=$PWD python=$PWD/.venv/bin/python release=${RELEASE:-trixie}
newest=$(git rev-parse HEAD) from=$(git rev-parse "${FROM:-$(git describe --tags --abbrev=0 HEAD~ 2>/dev/null || echo HEAD)}^{commit}")
top=${TOP:-$(mktemp -d /var/tmp/shouwang-image.XXXXXX)}
mkdir -p "$top"
export BUILDAH_ISOLATION=chroot
store=(--root "$top/store" --runroot "$top/run")
tidy() {
  buildah "${store[@]}" umount --all >/dev/null 2>&1 || true
  umount --recursive "$top/store"/* 2>/dev/null || true
  rm -rf --one-file-system "$top"
}
if [ -z "${TOP:-}" ]; then trap tidy EXIT; fi
said() { printf '%s  %s\n' "$(date +%T)" "$*"; }

if ! buildah "${store[@]}" inspect --type image base:1 >/dev/null 2>&1; then
  said "The base, by debootstrap ($release)"
  debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates "$release" "$top/base" >"$top/log" 2>&1 || { tail "$top/log" >&2; exit 1; }
  chroot "$top/base" python3 -m venv --symlinks /usr/local
  ln -sf python3 "$top/base/usr/local/bin/python"
  base=$(buildah "${store[@]}" from scratch)
  buildah "${store[@]}" add --quiet "$base" "$top/base" / >/dev/null
  buildah "${store[@]}" config --env PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin "$base"
  buildah "${store[@]}" commit --quiet --rm "$base" localhost/base:1 >/dev/null
  rm -rf "$top/base"
fi

packages=() # where this machine's packages come from
for path in /etc/pip.conf /etc/ssl/certs /opt/*; do if [ -e "$path" ]; then packages+=(--volume "$path:$path:ro"); fi; done
if [ -f "$HOME/.config/pip/pip.conf" ]; then packages+=(--volume "$HOME/.config/pip/pip.conf:/etc/xdg/pip/pip.conf:ro"); fi
rm -rf --one-file-system "${top:?}"/{project,volumes,containers,county,empty,first,made,bin,built}
git clone --quiet "$here" "$top/project"
build() { # build TARGET: of what is checked out
  buildah "${store[@]}" build --quiet --layers --pull-never --target "$1" --build-arg PYTHON_IMAGE=localhost/base:1 \
    --build-arg DEBIAN_IMAGE=localhost/base:1 "${packages[@]}" --tag "shouwang:$1" "$top/project" >"$top/log" 2>&1 ||
    { tail -n 30 "$top/log" >&2; exit 1; }
}
for commit in "$newest" "$from"; do
  if [ -d "$top/images/$commit" ]; then continue; fi
  since=$SECONDS
  git -C "$top/project" checkout --quiet --detach "$commit"
  build app
  mkdir -p "$top/images/$commit"
  buildah "${store[@]}" inspect --type image shouwang:app |
    "$python" -c 'import json, sys; print(json.dumps(json.load(sys.stdin)["OCIv1"]["config"]))' >"$top/images/$commit/config.json"
  root=$(buildah "${store[@]}" mount "$(buildah "${store[@]}" from --pull-never shouwang:app)")
  ln -s "$root" "$top/images/$commit/root"
  said "The image (target app) of ${commit:0:7}: $(du -sm "$root" | cut -f1) MB, built in $((SECONDS - since)) s"
done
root=$(readlink "$top/images/$newest/root")
for path in .env .git secrets tests docs demo .ci include/county; do
  if [ -e "$root/opt/shouwang/$path" ]; then echo "$path is in the image." >&2; exit 1; fi
done
git -C "$top/project" checkout --quiet --detach "$newest"
build dropbox
said "The image (target dropbox)"

git -C "$top/project" tag v0.2.0 "$newest" # which the document names
git -C "$top/project" checkout --quiet --detach "$from"
mkdir "$top/bin"
printf '127.0.0.1 localhost postgres redis api-server %s\n' "$(hostname)" >"$top/hosts"
printf '#!/bin/sh\nexec %s %s/tests/image/engine.py "$@"\n' "$python" "$here" >"$top/bin/docker"
chmod 755 "$top" "$top/bin/docker"
export IMAGE_CHECK=$top PYTHONPATH=$here:$here/include:$here/tests:$here/tests/airflow:$here/tests/image
# shellcheck disable=SC2016 # of the inner shell
unshare --mount --net --pid --fork --kill-child --mount-proc bash -c 'ip link set lo up; "$@"; exit $?' - \
  "$python" tests/image/story.py "$top" "${HOUSEHOLDS:-300}"
