// Bundles the extension into dist/, or with --tests each test file into out/test/.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const tests = process.argv.includes("--tests");
const outdir = tests ? "out/test" : "dist";

rmSync(outdir, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: tests
    ? readdirSync("test").filter((name) => name.endsWith(".test.ts")).map((name) => `test/${name}`)
    : ["src/extension.ts"],
  outdir,
  bundle: true,
  platform: "node",
  target: "node20",
  format: "cjs",
  external: ["vscode"],
  minify: process.argv.includes("--minify"),
  sourcemap: tests ? "inline" : false,
  metafile: true,
  logLevel: "warning",
});
if (!tests) writeFileSync(`${outdir}/licenses.txt`, licenses(Object.keys(metafile.inputs)));

/** The licences of the packages that were bundled: their authors ask that they go along. */
function licenses(inputs) {
  const folders = inputs.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]);
  return [...new Set(folders)].filter((folder) => folder !== undefined).sort().map(license).join("\n\n");
}

function license(folder) {
  const { name, version, license: spdx } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`${name} has no licence file`);
  return `${name} ${version} (${spdx})\n\n${readFileSync(`${folder}/${file}`, "utf8").trim()}`;
}
