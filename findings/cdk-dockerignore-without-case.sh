#!/usr/bin/env bash
# The AWS CDK reads .dockerignore without regard to case, and an image silently loses files.
#
# Seen with aws-cdk-lib 2.275.0 and buildah 1.28.2 of Debian 12, 2026-11-29. The line `**/BUILD` in a
# .dockerignore leaves out the files of Bazel, which have that name. The folder also has `build`, with
# a web application in it. buildah copies it into the image. The CDK leaves it out of the asset, the
# folder that it gives to the builder, so that `COPY . /` succeeds without it. The files in each:
#
#     buildah: Dockerfile build/index.html
#     aws-cdk-lib: Dockerfile
#
# The CDK's reference says that it follows the specification of .dockerignore, whose patterns are
# those of Go's filepath.Match: there case counts.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
version=$(buildah --version | cut -d' ' -f3)
[ "$version" = 1.28.2 ] || { echo "buildah is $version, not 1.28.2"; exit 1; }
cd "$folder"
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20 JSII_RUNTIME_PACKAGE_CACHE_ROOT="$folder/cache"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check aws-cdk-lib==2.275.0 constructs==10.8.1 \
    2>pip.log || { cat pip.log; exit 1; }

mkdir -p site/build
printf 'FROM scratch\nCOPY . /\n' > site/Dockerfile
echo 'exports_files(["Dockerfile"])' > site/BUILD
echo hello > site/build/index.html
printf '**/BUILD\n.dockerignore\n' > site/.dockerignore

cat > app.py <<'END'
from aws_cdk import App, Stack
from aws_cdk.aws_ecr_assets import DockerImageAsset

app = App(outdir="cdk.out")
DockerImageAsset(Stack(app, "Site"), "Image", directory="site")
app.synth()
END
venv/bin/python app.py >app.log 2>&1 || { cat app.log; exit 1; }

cat > storage.conf <<END
[storage]
driver = "vfs"
graphroot = "$folder/graph"
runroot = "$folder/run"
END
export CONTAINERS_STORAGE_CONF="$folder/storage.conf" STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
buildah build --quiet --output image site >/dev/null

files() { (cd "$1" && find . -type f ! -name .dockerignore | LC_ALL=C sort | cut -c3- | paste -sd ' '); }
{
    echo "buildah: $(files image)"
    echo "aws-cdk-lib: $(files cdk.out/asset.*)"
} | tee seen
diff - seen <<'SEEN'
buildah: Dockerfile build/index.html
aws-cdk-lib: Dockerfile
SEEN
