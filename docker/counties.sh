#!/bin/sh
# Prepares what each county of SHOUWANG_COUNTIES needs: its database, its pool, its roles. May run again; one county's
# trouble is told and leaves the others as they are.
#
# Airflow's own roles Viewer, User and Op see every DAG. Hence a clerk of Qingyuan is given two others: shouwang_clerk (what
# clerks do) and qingyuan (whose DAGs); one who only looks shouwang_viewer and qingyuan_viewer. What a county's roles may do
# with its DAGs is said by the DAGs themselves (access_control in plugins/shouwang_dags.py).
set -eu
keys="" pools="" slots=${SHOUWANG_POOL_SLOTS:-4}
for folder in "$SHOUWANG_COUNTIES"/[a-z]*/; do
  key=$(basename "$folder")
  shouwang --county "$key" init || echo "$key: not prepared; mend what is said above and prepare again" >&2
  keys="$keys $key ${key}_viewer"
  pools="$pools${pools:+, }\"$key\": {\"slots\": $slots, \"description\": \"Tasks of $key\"}"
done

file=$(mktemp)
echo "{$pools}" >"$file"
airflow pools import "$file"
rm "$file"

# shellcheck disable=SC2086 # one word a role
airflow roles create shouwang_viewer shouwang_clerk $keys
airflow roles add-perms shouwang_viewer shouwang_clerk --action can_read menu_access --resource "DAG Runs" \
  "Task Instances" "Task Logs" "DAG Versions" "DAG Warnings" "HITL Detail" XComs Plugins Website
airflow roles add-perms shouwang_viewer shouwang_clerk --action can_read can_edit --resource "My Profile" "My Password"
airflow roles add-perms shouwang_viewer shouwang_clerk --action menu_access --resource DAGs # never can_read: that is all
airflow roles add-perms shouwang_clerk --action can_create can_edit --resource "DAG Runs" "Task Instances" "HITL Detail"
