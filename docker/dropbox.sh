#!/bin/sh
# The drop box: an SFTP account a department and a township, each locked into a folder of its own.
#
#   dropbox   makes the accounts of the file dropbox_accounts and serves them; as root, without the house
#   porter    carries files between the box and the house every few seconds; as the house's user, without a network
#
# A line of the file: account, kind (department or township), whose (`water`, `河口镇`; with several counties
# `county/water`), public key. A department finds `inbox` (to put files into, one folder a data month) and `receipts`; a
# township `lists` and `returns`.
set -eu
accounts="${SECRETS:-/run/secrets}/dropbox_accounts" box="${BOX:-/srv/box}" house="${SHOUWANG_HOME:-/srv/shouwang}"

# Each line as four words: account, kind, whose, key; what is neither empty nor a remark must be one.
each_account() {
  awk '/^[[:space:]]*(#|$)/ { next }
    $1 !~ /^[a-z][a-z0-9_-]*$/ || length($1) > 30 || $2 !~ /^(department|township)$/ || $3 ~ /(^|\/)\.|^\/|\/$/ || $4 !~ /^(ssh|sk|ecdsa)-/ || seen[$1]++ {
      print "dropbox_accounts, line " NR ": write <account> department|township <whose> <public key>; each account once." > "/dev/stderr"; exit 1 }
    { print }' "$accounts"
}

open_box() {
  passwd="${PASSWD:-/var/lib/extrausers/passwd}" group="${GROUP:-/var/lib/extrausers/group}" keys="${KEYS:-/run/keys}"
  mkdir -p "$keys" /run/sshd
  number=60000
  each_account > "$keys/.accounts"
  while read -r account kind _ key; do
    number=$((number + 1))
    echo "$account:*:$number:$number::$box/$account:/usr/sbin/nologin" >> "$passwd"
    echo "$account:x:$number:" >> "$group"
    echo "restrict $key" > "$keys/$account"
    case $kind in
      department) in=inbox out=receipts ;;
      township) in=returns out=lists ;;
    esac
    # The account writes what the house's group reads, and reads what the house writes; the lock itself is root's.
    mkdir -p "$box/$account/$in" "$box/$account/$out"
    chown root:root "$box/$account"
    chown -R "$number:50000" "$box/$account/$in"
    chown -R "50000:$number" "$box/$account/$out"
    chmod 0755 "$box/$account"
    find "$box/$account/$in" -type d -exec chmod 2770 {} +
    find "$box/$account/$out" -type d -exec chmod 2750 {} +
  done < "$keys/.accounts"
  chmod 0755 "$keys"
  [ -f "${HOST_KEY:=/etc/ssh/keys/ed25519}" ] || ssh-keygen -q -t ed25519 -N '' -f "$HOST_KEY"
  exec /usr/sbin/sshd -D -e -f "${SSHD_CONFIG:-/etc/ssh/sshd_config}" "$@"
}

# Let the second folder have the first one's files, and no others; links, folders and hidden files stay behind.
carry() {
  if [ -L "$1" ] || ! [ -d "$1" ]; then return 0; fi
  mkdir -p "$2"
  rsync --dirs --times --omit-dir-times --delete --chmod=F0640 --exclude='.*' --exclude='*/' "$1/" "$2/"
}

# What the house has for an account, month by month; months that the house no longer keeps go from the box too.
fetch_months() { # fetch_months OUTBOX BELOW-THE-MONTH FOLDER-OF-THE-BOX
  for month in "$1"/[0-9][0-9][0-9][0-9]-[0-9][0-9]; do carry "$month/$2" "$3/${month##*/}"; done
  for month in "$3"/*; do
    if [ -d "$month" ] && ! [ -d "$1/${month##*/}/$2" ]; then rm -r "$month"; fi
  done
}

carry_all() {
  each_account > "${TMPDIR:-/tmp}/accounts"
  while read -r account kind whose _; do
    county="$house/" name=$whose
    case $whose in */*) county="$house/${whose%%/*}/" name=${whose#*/} ;; esac
    if [ "$kind" = department ]; then
      for month in "$box/$account/inbox"/[0-9][0-9][0-9][0-9]-[0-9][0-9]; do
        carry "$month" "${county}inbox/${month##*/}/$name"
      done
      find "$box/$account/inbox" -mindepth 1 -maxdepth 1 -mtime "+${KEEP_DAYS:-180}" -exec rm -r {} +
      fetch_months "${county}outbox" "departments/$name" "$box/$account/receipts"
    else
      carry "$box/$account/returns" "${county}returns/$name"
      find "$box/$account/returns" -mindepth 1 -mtime "+${KEEP_DAYS:-180}" -delete
      fetch_months "${county}outbox" "townships/$name" "$box/$account/lists"
    fi
  done < "${TMPDIR:-/tmp}/accounts"
}

case ${1:-} in
  dropbox) shift; open_box "$@" ;;
  porter)
    umask 027
    while :; do
      if carry_all; then touch "${TMPDIR:-/tmp}/carried"; fi # the health check wants it fresh
      sleep "${SECONDS_BETWEEN:-10}"
    done
    ;;
  *) echo "dropbox or porter?" >&2; exit 2 ;;
esac
