#!/bin/sh
# Turns the secrets' files into what Airflow and the product read from their environment, then runs the command.
# `prepare` runs once, before the services start, as the databases' owner: it may change tables, and so may `tools`, whose
# environment says so (DATABASE_ROLE).
# Where there are no such files it runs the command as it is: in a cluster the chart gives each pod the environment that it
# needs, and to some of them (log groomers, the cleaning of pods) next to nothing.
set -eu
secrets=${SECRETS:-/run/secrets}
if ! [ -e "$secrets/airflow_password" ]; then exec "$@"; fi
secret() { cat "$secrets/$1"; }
server="${POSTGRES_HOST:-postgres}:${POSTGRES_PORT:-5432}"

role=${DATABASE_ROLE:-shouwang_runner}
if [ "${1:-}" = prepare ]; then role=shouwang_owner; fi
SHOUWANG_DATABASE_URL="postgresql+psycopg://$role:$(secret "${role}_password")@$server/shouwang?${POSTGRES_TLS:-sslmode=prefer}"

airflow="airflow:$(secret airflow_password)@$server/airflow?${POSTGRES_TLS:-sslmode=prefer}"
AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="postgresql+psycopg2://$airflow"
AIRFLOW__CELERY__RESULT_BACKEND="db+postgresql+psycopg2://$airflow"
AIRFLOW__CELERY__BROKER_URL="redis://:$(secret redis_password)@${REDIS_HOST:-redis}:${REDIS_PORT:-6379}/0"
AIRFLOW__CORE__FERNET_KEY=$(secret fernet_key)
AIRFLOW__API__SECRET_KEY=$(secret api_secret_key)
AIRFLOW__API_AUTH__JWT_SECRET=$(secret jwt_secret)
export SHOUWANG_DATABASE_URL AIRFLOW__DATABASE__SQL_ALCHEMY_CONN AIRFLOW__CELERY__RESULT_BACKEND \
  AIRFLOW__CELERY__BROKER_URL AIRFLOW__CORE__FERNET_KEY AIRFLOW__API__SECRET_KEY AIRFLOW__API_AUTH__JWT_SECRET

if [ -z "${SHOUWANG_COUNTIES:-}" ]; then unset SHOUWANG_COUNTIES; fi

if [ "${1:-}" = prepare ]; then
  airflow db migrate
  airflow fab-db migrate
  here=$(dirname "$(readlink -f "$0")")
  python "$here/first_user.py"
  if [ -z "${SHOUWANG_COUNTIES:-}" ]; then exec shouwang init; fi
  exec "$here/counties.sh"
fi
exec "$@"
