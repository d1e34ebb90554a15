# The product with its Airflow (`app`), and the SFTP drop box (`dropbox`). See docker-compose.yaml.
# The bases are release lines; docker/renew.sh writes their digests into .env, from where the builds take them.
ARG PYTHON_IMAGE=python:3.11-slim-trixie
ARG DEBIAN_IMAGE=debian:13-slim

FROM ${PYTHON_IMAGE} AS app
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    AIRFLOW_HOME=/opt/airflow SHOUWANG_HOME=/srv/shouwang
RUN apt-get update && apt-get upgrade -y && apt-get install -y --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 50000 --create-home shouwang \
    && mkdir -p /opt/airflow/logs /srv/shouwang /backup \
    && chown -R shouwang:shouwang /opt/airflow /srv/shouwang /backup && chmod 2770 /srv/shouwang && chmod 0700 /backup
WORKDIR /opt/shouwang
COPY requirements.txt ./
RUN pip install --require-hashes --no-deps -r requirements.txt
COPY . .
# Compiled here, as the deployed file system cannot be written to. The chart for Kubernetes calls the links.
RUN pip install --no-deps --no-build-isolation -e . && python -m compileall -q dags plugins include \
    && chmod 755 docker/*.sh \
    && ln -s /opt/shouwang/docker/entrypoint.sh /entrypoint && ln -s /opt/shouwang/docker/clean-logs.sh /clean-logs
USER 50000:50000
ENTRYPOINT ["/opt/shouwang/docker/entrypoint.sh"]
CMD ["airflow", "version"]

FROM ${DEBIAN_IMAGE} AS dropbox
RUN apt-get update && apt-get upgrade -y \
    && apt-get install -y --no-install-recommends openssh-server rsync libnss-extrausers mawk \
    && rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_* \
    && sed -i -E 's/^(passwd|group):.*/\1: files extrausers/' /etc/nsswitch.conf \
    && groupadd --gid 50000 workspace && useradd --uid 50000 --gid 50000 --no-create-home workspace \
    && mkdir -p /srv/box /srv/shouwang /etc/ssh/keys && chown 50000:50000 /srv/shouwang
COPY docker/sshd_config /etc/ssh/sshd_config
COPY docker/dropbox.sh /usr/local/bin/dropbox.sh
RUN chmod 755 /usr/local/bin/dropbox.sh
EXPOSE 2222
# The host key lies in a volume, so that departments meet the same machine after an update.
ENTRYPOINT ["/usr/local/bin/dropbox.sh"]
CMD ["dropbox"]
