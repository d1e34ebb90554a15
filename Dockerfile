# The product with its Airflow (`app`), and the departments' SFTP drop box (`dropbox`). See docker-compose.yaml.
FROM python:3.11.14-slim-bookworm AS app
ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    AIRFLOW_HOME=/opt/airflow SHOUWANG_HOME=/srv/shouwang
RUN useradd --uid 50000 --create-home shouwang \
    && mkdir -p /opt/airflow /srv/shouwang/inbox /srv/shouwang/outbox \
    && chown -R shouwang:shouwang /opt/airflow /srv/shouwang
WORKDIR /opt/shouwang
COPY requirements.txt ./
RUN pip install --require-hashes --no-deps -r requirements.txt
COPY . .
RUN pip install --no-deps -e . && chmod 755 docker/entrypoint.sh
USER shouwang
ENTRYPOINT ["/opt/shouwang/docker/entrypoint.sh"]
CMD ["airflow", "version"]

FROM debian:12.12-slim AS dropbox
RUN apt-get update \
    && apt-get install -y --no-install-recommends openssh-server=1:9.2* \
    && rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_* \
    && useradd --uid 50000 --create-home --shell /usr/sbin/nologin departments \
    && mkdir -p /run/sshd /srv/box/inbox
COPY docker/sshd_config /etc/ssh/sshd_config
EXPOSE 2222
# The host keys live in a volume, so that departments meet the same machine after an update.
CMD ["sh", "-c", "test -f /etc/ssh/keys/ed25519 || ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/keys/ed25519; chown root:root /srv/box; exec /usr/sbin/sshd -D -e"]
