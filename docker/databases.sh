#!/bin/sh
# Run once by PostgreSQL's image: who may do what. The product's owner migrates, its runner reads and writes rows (what
# exactly, `shouwang init` grants); Airflow has a database of its own. The superuser is used by nobody afterwards.
set -eu
secret() { cat "${SECRETS:-/run/secrets}/$1"; }
psql --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres --no-psqlrc --quiet \
  --set owner="$(secret shouwang_owner_password)" --set runner="$(secret shouwang_runner_password)" \
  --set airflow="$(secret airflow_password)" <<'SQL'
CREATE ROLE shouwang_owner LOGIN PASSWORD :'owner';
CREATE ROLE shouwang_runner LOGIN PASSWORD :'runner';
CREATE ROLE airflow LOGIN PASSWORD :'airflow';
CREATE DATABASE shouwang OWNER shouwang_owner;
CREATE DATABASE airflow OWNER airflow;
REVOKE ALL ON DATABASE shouwang, airflow FROM PUBLIC;
GRANT CONNECT ON DATABASE shouwang TO shouwang_runner;
SQL
