#!/bin/sh
# Fetches the images that the deployment is built on and writes the digest of each into .env, so that every build takes the
# very same ones until this runs again. Whoever runs a deployment does so once a month and before each upgrade; then
# `docker compose build` and `docker compose up -d --wait`. The repository itself names release lines only.
set -eu
cd "$(dirname "$0")/.."
grep -E '^[A-Z]+_IMAGE=' .env.example | while read -r line; do
  name=${line%%=*} image=${line#*=}
  docker pull --quiet "$image" >/dev/null
  digest=$(docker image inspect --format '{{index .RepoDigests 0}}' "$image")
  { grep -v "^$name=" .env || true; echo "$name=$image@${digest#*@}"; } >.env.new
  mv .env.new .env
  echo "$name=$image@${digest#*@}"
done
