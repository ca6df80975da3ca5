#!/bin/sh
# Fetches a release of the query editor from npm and puts it here unchanged, with its licences and its integrity.
# Usage: webapp/static/update-yasgui.sh [VERSION]     needs: node, npm
set -eu
here=$(cd "$(dirname "$0")" && pwd)
version=${1:-$(node -p "require('$here/yasgui.json').version")}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --ignore-scripts --no-audit --no-fund "@zazuko/yasgui@$version"
cp node_modules/@zazuko/yasgui/build/yasgui.min.js node_modules/@zazuko/yasgui/build/yasgui.min.css "$here/"
HERE="$here" node -e '
const fs = require("fs"), crypto = require("crypto"), path = require("path"), here = process.env.HERE;
const lock = require("./package-lock.json").packages, own = lock["node_modules/@zazuko/yasgui"];
const sha = name => crypto.createHash("sha256").update(fs.readFileSync(path.join(here, name))).digest("hex");
fs.writeFileSync(path.join(here, "yasgui.json"), JSON.stringify({
  package: "@zazuko/yasgui", version: own.version, licence: own.license, integrity: own.integrity,
  sha256: { "yasgui.min.js": sha("yasgui.min.js"), "yasgui.min.css": sha("yasgui.min.css") },
}, null, 2) + "\n");
const mit = "MIT License. The package carries no licence file of its own; its package.json names MIT, Triply <info@triply.cc>\nand Zazuko GmbH.\n";
let out = "Licences of yasgui.min.js and of the packages that it was built from.\n";
for (const [folder, entry] of Object.entries(lock)) {
  if (!folder) continue;
  const file = fs.readdirSync(folder).find(name => /^(licen[cs]e|copying)/i.test(name));
  const text = file ? fs.readFileSync(path.join(folder, file), "utf8").trim() : folder.includes("@zazuko") ? mit : "";
  out += `\n${"-".repeat(100)}\n${folder.replace(/.*node_modules\//, "")} ${entry.version} (${entry.license || "see below"})\n\n${text || "No licence file in the package."}\n`;
}
fs.writeFileSync(path.join(here, "yasgui.LICENCES.txt"), out);
'
echo "@zazuko/yasgui $version"
