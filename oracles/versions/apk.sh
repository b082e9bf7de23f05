#!/bin/sh
# Lets apk compare versions; see README.md.
tab=$(printf '\t')
while IFS="$tab" read -r a b; do
    case $(apk version -t "$a" "$b" 2>/dev/null) in
        '<') echo -1 ;;
        '=') echo 0 ;;
        '>') echo 1 ;;
        *) echo '?' ;;
    esac
done
