#!/bin/bash
# Builds the image's content by the Dockerfile's own steps, without a registry and without an engine, and runs a made-up
# county's month in it through Airflow: as uid 50000, without a capability, on a root file system that cannot be written to.
#
# As root; needs buildah and debootstrap. The base is a stand-in made by debootstrap (PYTHON_IMAGE and DEBIAN_IMAGE name
# what a deployment takes): Debian's own Python under the names that the official image gives it. Some ten minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
for program in buildah debootstrap unshare setpriv; do
  command -v "$program" >/dev/null || { echo "$program is not on this machine: apt-get install buildah debootstrap" >&2; exit 1; }
done
if [ "$(id -u)" -ne 0 ]; then echo "image-check makes file systems: run it as root." >&2; exit 1; fi
top=$(mktemp -d /var/tmp/shouwang-image.XXXXXX)
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
build=(--root "$top/images" --runroot "$top/run")
trap 'rm -rf "$top"' EXIT
release=${RELEASE:-trixie} households=${HOUSEHOLDS:-300}
said() { printf '%s  %s\n' "$(date +%T)" "$*"; }

said "The base, by debootstrap ($release)"
debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates "$release" "$top/base" >"$top/log" 2>&1 || { tail "$top/log" >&2; exit 1; }
chroot "$top/base" python3 -m venv --symlinks /usr/local
ln -sf python3 "$top/base/usr/local/bin/python"
base=$(buildah "${build[@]}" from scratch)
buildah "${build[@]}" add --quiet "$base" "$top/base" / >/dev/null
buildah "${build[@]}" config --env PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin "$base"
buildah "${build[@]}" commit --quiet --rm "$base" localhost/base:1 >/dev/null
rm -rf "$top/base"

said "The image (target app)"
here=() # where this machine's packages come from
for path in /etc/pip.conf /etc/ssl/certs /opt/*; do if [ -e "$path" ]; then here+=(--volume "$path:$path:ro"); fi; done
if [ -f "$HOME/.config/pip/pip.conf" ]; then here+=(--volume "$HOME/.config/pip/pip.conf:/etc/xdg/pip/pip.conf:ro"); fi
buildah "${build[@]}" build --quiet --pull-never --target app --build-arg PYTHON_IMAGE=localhost/base:1 "${here[@]}" \
  --tag shouwang:check . >"$top/log" 2>&1 || { tail -n 30 "$top/log" >&2; exit 1; }
image=$(buildah "${build[@]}" mount "$(buildah "${build[@]}" from --pull-never shouwang:check)")
said "Built: $(du -sm "$image" | cut -f1) MB"
for path in /entrypoint /clean-logs; do [ -x "$image$(readlink "$image$path")" ] || { echo "$path is not in the image." >&2; exit 1; }; done
for path in .env .git secrets tests docs .ci include/county; do
  if [ -e "$image/opt/shouwang/$path" ]; then echo "$path is in the image." >&2; exit 1; fi
done

said "A month of $households households in it"
mkdir "$top/workspace" && chown 50000:50000 "$top/workspace"
mkdir "$image/opt/shouwang/include/county" "$image/opt/shouwang/demo"
# shellcheck disable=SC2016 # of the inner shell
unshare --mount bash -euc '
  mount --bind "$1" "$1" && mount --bind include/county "$1/opt/shouwang/include/county"
  mount --bind demo "$1/opt/shouwang/demo"
  mount --bind "$2" "$1/srv/shouwang" && mount --rbind /proc "$1/proc" && mount --rbind /dev "$1/dev"
  mount -t tmpfs tmpfs "$1/tmp" -o mode=1777 && mount -t tmpfs tmpfs "$1/opt/airflow" -o uid=50000,gid=50000,mode=0700
  mount -o remount,ro,bind "$1" && mount -o remount,ro,bind "$1/opt/shouwang/include/county"
  if touch "$1/written" 2>/dev/null; then echo "The root file system can be written to." >&2; exit 1; fi
  exec chroot "$1" setpriv --reuid 50000 --regid 50000 --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs \
    env -i PATH=/usr/local/bin:/usr/bin:/bin HOME=/home/shouwang SECRETS= AIRFLOW_HOME=/opt/airflow SHOUWANG_HOME=/srv/shouwang \
    LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 \
    /entrypoint python -m demo month --folder /srv/shouwang/demo --households "$3"
' - "$image" "$top/workspace" "$households"
said "$(find "$top/workspace/demo" -name '*.xlsx' -path '*townships*' | wc -l) workbooks for townships; done"
