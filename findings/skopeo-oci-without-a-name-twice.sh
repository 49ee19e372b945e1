#!/usr/bin/env bash
# skopeo copy ... oci:FOLDER twice, and the image that it has just written cannot be read any more.
#
# Seen with skopeo 1.9.3 and umoci 0.4.7 of Debian 12, 2026-11-28. A destination without a name
# is not replaced by the second copy, which adds another entry without a name. Both copies succeed;
# then the very same `oci:FOLDER` is refused as a source, and no command of skopeo's can choose:
#
#     entries after each image: 1 2
#     more than one image in oci, choose an image
#
# With the same image both times there is one entry, so that a pipeline which runs again without
# changes works, and the first one with a change breaks.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
version=$(skopeo --version | cut -d' ' -f3)
[ "$version" = 1.9.3 ] || { echo "skopeo is $version, not 1.9.3"; exit 1; }
version=$(umoci --version | grep -o '[0-9]*\.[0-9]*\.[0-9]*' | head -1)
[ "$version" = 0.4.7 ] || { echo "umoci is $version, not 0.4.7"; exit 1; }

cd "$folder"
entries() { python3 -c 'import json; print(len(json.load(open("web/index.json"))["manifests"]))'; }
for author in one two; do
    umoci init --layout "$author"
    umoci new --image "$author:1" 2>/dev/null
    umoci config --image "$author:1" --author "$author"
done

seen=()
for source in one two; do
    skopeo --insecure-policy copy --quiet "oci:$source:1" oci:web
    skopeo --insecure-policy copy --quiet "oci:$source:1" oci:web
    seen+=("$(entries)")
done
found="entries after each image: ${seen[*]}"
echo "$found"
[ "$found" = "entries after each image: 1 2" ]
if skopeo inspect --raw oci:web 2>error >/dev/null; then exit 1; fi
grep -o 'more than one image in oci, choose an image' error
