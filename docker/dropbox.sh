#!/bin/sh
# The drop box: an SFTP account a department and a township, each locked into a folder of its own.
#
#   dropbox   makes the accounts of the file dropbox_accounts and serves them; as root, without the workspace
#   porter    carries files between the box and the workspace every few seconds; as the workspace's user, without a network
#
# A line of the file: account, kind (department or township), whose (`water`, `河口镇`; with several counties
# `county/water`), public key. A department finds `inbox` (to put files into, one folder a data month) and `receipts`; a
# township `lists` and `returns`.
set -eu
accounts="${SECRETS:-/run/secrets}/dropbox_accounts" box="${BOX:-/srv/box}" workspace="${SHOUWANG_HOME:-/srv/shouwang}"

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
    # The account writes what the workspace's group reads, and reads what the workspace writes; the lock itself is root's.
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

# Let a folder have another's files; links, folders and hidden files stay behind. What the porter brought and is gone from
# where it came from goes again. What somebody else put there stays; of two files of one name the newer one does. Which are
# the porter's own is written down beside the workspace's folders, where nothing else looks.
carry() { # carry FROM TO NOTE
  if [ -L "$1" ] || ! [ -d "$1" ]; then return 0; fi
  brought="$workspace/.porter/$3" here="${TMPDIR:-/tmp}/here" others="${TMPDIR:-/tmp}/others" ours="${TMPDIR:-/tmp}/ours"
  mkdir -p "$2" "$(dirname "$brought")"
  touch "$brought"
  names "$1" > "$here"
  among -v "$here" "$brought" | while IFS= read -r name; do rm -f "$2/$name"; done
  names "$2" | among -v "$brought" > "$others"
  among -v "$others" "$here" > "$ours"
  sort -u "$ours" "$brought" > "$brought.new" # before they are there: killed in between, they are known as ours
  mv "$brought.new" "$brought"
  bring "$1/" "$2/" < "$ours"
  among '' "$others" "$here" | bring --update --8-bit-output --out-format=%n "$1/" "$2/" >> "$ours"
  cp "$ours" "$brought"
}
names() { find "$1" -mindepth 1 -maxdepth 1 -type f ! -name '.*' ! -name '*[[:cntrl:]]*' -printf '%f\n'; }
among() { grep ${1:+"$1"} -xF -f "$2" ${3:+"$3"} || [ $? -eq 1 ]; } # among [-v] THOSE-OF-A-LIST [LIST]
bring() { sed 's|^|./|' | tr '\n' '\0' | rsync --from0 --files-from=- --times --chmod=F0640 "$@"; }

# What the workspace has for an account, month by month; months that the workspace no longer keeps go from the box too.
fetch_months() { # fetch_months OUTBOX BELOW-THE-MONTH FOLDER-OF-THE-BOX NOTES
  for month in "$1"/[0-9][0-9][0-9][0-9]-[0-9][0-9]; do carry "$month/$2" "$3/${month##*/}" "$4/${month##*/}"; done
  for month in "$3"/*; do
    if [ -d "$month" ] && ! [ -d "$1/${month##*/}/$2" ]; then rm -r "$month"; fi
  done
}

carry_all() {
  each_account > "${TMPDIR:-/tmp}/accounts"
  while read -r account kind whose _; do
    county="$workspace/" name=$whose
    case $whose in */*) county="$workspace/${whose%%/*}/" name=${whose#*/} ;; esac
    if [ "$kind" = department ]; then
      for month in "$box/$account/inbox"/[0-9][0-9][0-9][0-9]-[0-9][0-9]; do
        carry "$month" "${county}inbox/${month##*/}/$name" "$account/in/${month##*/}"
      done
      find "$box/$account/inbox" -mindepth 1 -maxdepth 1 -mtime "+${KEEP_DAYS:-180}" -exec rm -r {} +
      fetch_months "${county}outbox" "departments/$name" "$box/$account/receipts" "$account/out"
    else
      carry "$box/$account/returns" "${county}returns/$name" "$account/in"
      find "$box/$account/returns" -mindepth 1 -mtime "+${KEEP_DAYS:-180}" -delete
      fetch_months "${county}outbox" "townships/$name" "$box/$account/lists" "$account/out"
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
