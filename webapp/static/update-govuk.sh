#!/bin/sh
# Builds govuk.css from a release of govuk-frontend on npm: the components that govuk.scss names, in our colours and fonts.
# Usage: webapp/static/update-govuk.sh [VERSION]     needs: node, npm
set -eu
here=$(cd "$(dirname "$0")" && pwd)
version=${1:-$(node -p "require('$here/govuk.json').version")}
sass=$(node -p "require('$here/govuk.json').sass")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --ignore-scripts --no-audit --no-fund "govuk-frontend@$version" "sass@$sass"
cp "$here/govuk.scss" .
npx sass --style=compressed --no-source-map --quiet-deps govuk.scss "$here/govuk.css"
HERE="$here" node -e '
const fs = require("fs"), crypto = require("crypto"), path = require("path"), here = process.env.HERE;
const lock = require("./package-lock.json").packages, own = lock["node_modules/govuk-frontend"];
const css = fs.readFileSync(path.join(here, "govuk.css"));
fs.writeFileSync(path.join(here, "govuk.json"), JSON.stringify({
  package: "govuk-frontend", version: own.version, licence: own.license, integrity: own.integrity,
  sass: lock["node_modules/sass"].version, sha256: { "govuk.css": crypto.createHash("sha256").update(css).digest("hex") },
}, null, 2) + "\n");
'
echo "govuk-frontend $version"
