#!/bin/sh
# Deletes Airflow's logs that are older than AIRFLOW__LOG_RETENTION_DAYS, and the folders that are empty then.
#
# `clean-logs.sh once` does so and ends (dags/maintenance.py). In a cluster it is /clean-logs of the image, which the chart's
# log groomers run beside the services: it goes on, once in AIRFLOW__LOG_CLEANUP_FREQUENCY_MINUTES.
set -eu
folder="${AIRFLOW_HOME:-/opt/airflow}/logs"
while :; do
  find -L "$folder" -mindepth 1 -type f -mtime "+${AIRFLOW__LOG_RETENTION_DAYS:-200}" -delete
  find -L "$folder" -mindepth 1 -type d -empty -mtime +1 -delete
  if [ "${1:-}" = once ]; then exit; fi
  sleep $((60 * ${AIRFLOW__LOG_CLEANUP_FREQUENCY_MINUTES:-1440}))
done
