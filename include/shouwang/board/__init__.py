"""The exchange board (数据交换看板): a web page on what came, what is missing, what went out and
what came back.

In: ``figures``' counts and, for those who may, receipts and review lists. Out: a FastAPI
application, in Chinese and English, that fetches nothing from outside. Decided here: nothing; who
may see what is decided by its caller's guard (Airflow's, see ``plugins/``).
"""
