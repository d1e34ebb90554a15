-- Run once by PostgreSQL's image: Airflow's own database, beside the county's.
CREATE DATABASE airflow;
