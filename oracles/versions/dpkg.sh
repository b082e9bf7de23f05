#!/bin/sh
# Lets dpkg compare versions; see README.md.
tab=$(printf '\t')
while IFS="$tab" read -r a b; do
    if dpkg --compare-versions "$a" lt "$b" 2>/dev/null; then echo -1
    elif dpkg --compare-versions "$a" gt "$b" 2>/dev/null; then echo 1
    elif dpkg --compare-versions "$a" eq "$b" 2>/dev/null; then echo 0
    else echo '?'; fi
done
