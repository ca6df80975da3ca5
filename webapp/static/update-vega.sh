#!/bin/sh
# Bundles releases of Vega, Vega-Lite, Vega-Embed and the CSP-safe interpreter from npm into one file, with their licences.
# Usage: webapp/static/update-vega.sh [latest]     needs: node, npm; without "latest" the versions that vega.json names
set -eu
here=$(cd "$(dirname "$0")" && pwd)
packages="vega vega-lite vega-embed vega-interpreter esbuild"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
wanted=""
for name in $packages; do
  version=latest
  [ "${1:-}" = latest ] || version=$(node -p "require('$here/vega.json').packages['$name'].version")
  wanted="$wanted $name@$version"
done
npm init -y >/dev/null
# shellcheck disable=SC2086
npm install --silent --no-audit --no-fund $wanted
cat > entry.js <<'ENTRY'
import embed from "vega-embed";
import { expressionInterpreter } from "vega-interpreter";
globalThis.inspectgraphVega = { embed, expressionInterpreter };
ENTRY
npx esbuild entry.js --bundle --minify --format=iife --target=es2020 --legal-comments=none --log-level=error \
  --outfile="$here/vega.min.js"
HERE="$here" PACKAGES="$packages" node -e '
const fs = require("fs"), crypto = require("crypto"), path = require("path"), here = process.env.HERE;
const lock = require("./package-lock.json").packages, packages = {};
for (const name of process.env.PACKAGES.split(" ")) {
  const own = lock["node_modules/" + name];
  packages[name] = { version: own.version, licence: own.license, integrity: own.integrity };
}
const sha = crypto.createHash("sha256").update(fs.readFileSync(path.join(here, "vega.min.js"))).digest("hex");
fs.writeFileSync(path.join(here, "vega.json"), JSON.stringify({ packages, sha256: { "vega.min.js": sha } }, null, 2) + "\n");
let out = "Licences of the packages that vega.min.js was built from.\n";
for (const [folder, entry] of Object.entries(lock)) {
  if (!folder || entry.dev || entry.optional || /esbuild|@types/.test(folder)) continue;
  const file = fs.readdirSync(folder).find(name => /^(licen[cs]e|copying)/i.test(name));
  const text = file ? fs.readFileSync(path.join(folder, file), "utf8").trim() : "No licence file in the package.";
  out += `\n${"-".repeat(100)}\n${folder.replace(/.*node_modules\//, "")} ${entry.version} (${entry.license || "see below"})\n\n${text}\n`;
}
fs.writeFileSync(path.join(here, "vega.LICENCES.txt"), out);
'
echo "$wanted"
