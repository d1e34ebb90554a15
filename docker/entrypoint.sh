#!/bin/sh
# Turns the secrets' files into what Airflow and the product read from their environment, then runs the command.
set -eu
secret() { cat "/run/secrets/$1"; }

database="shouwang:$(secret postgres_password)@${POSTGRES_HOST:-postgres}:5432"
export AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="postgresql+psycopg2://$database/airflow"
export AIRFLOW__CELERY__RESULT_BACKEND="db+postgresql+psycopg2://$database/airflow"
export AIRFLOW__CELERY__BROKER_URL="redis://:$(secret redis_password)@${REDIS_HOST:-redis}:6379/0"
export AIRFLOW__CORE__FERNET_KEY="$(secret fernet_key)"
export AIRFLOW__API__SECRET_KEY="$(secret api_secret_key)"
export AIRFLOW__API_AUTH__JWT_SECRET="$(secret jwt_secret)"
export SHOUWANG_DATABASE_URL="postgresql+psycopg://$database/shouwang"

if [ "${1:-}" = prepare ]; then # once, before the services start
  airflow db migrate
  airflow fab-db migrate
  airflow users create --role Admin --username "${ADMIN_USER:-admin}" --password "$(secret admin_password)" \
    --firstname Shouwang --lastname Admin --email "${ADMIN_EMAIL:-admin@localhost}"
  exec shouwang init
fi
exec "$@"
