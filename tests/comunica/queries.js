// Reads {"source": URL of an endpoint or file of N-Triples, "queries": [...]} and writes one line of JSON a query:
// {"results": SPARQL results as JSON} or {"triples": N-Triples} or {"error": message}.
"use strict";
const { QueryEngine } = require("@comunica/query-sparql");
const { readFileSync } = require("node:fs");

async function text(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return parts.map(String).join("");
}

async function answer(engine, query, sources) {
  try {
    const result = await engine.query(query, { sources });
    const graph = result.resultType === "quads";
    const form = graph ? "application/n-triples" : "application/sparql-results+json";
    const { data } = await engine.resultToString(result, form);
    return graph ? { triples: await text(data) } : { results: JSON.parse(await text(data)) };
  } catch (err) {
    return { error: String(err.message || err) };
  }
}

async function main() {
  const { source, queries } = JSON.parse(readFileSync(0, "utf8"));
  let sources = [{ type: "sparql", value: source }];
  if (!source.startsWith("http")) {
    const { Parser, Store } = require("n3");
    sources = [new Store(new Parser({ format: "N-Triples" }).parse(readFileSync(source, "utf8")))];
  }
  const engine = new QueryEngine();
  for (const query of queries) process.stdout.write(JSON.stringify(await answer(engine, query, sources)) + "\n");
}

main();
