// Bundles src/ into bundle/: hashed names, each file raw, gzipped and brotlied, and the list that
// bundle.cc embeds. With --check it writes nothing and compares with what is committed; compressed
// files are compared by what they unpack to, because zlib's bytes differ between Node versions.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, brotliDecompressSync, constants, gunzipSync, gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = dirname(fileURLToPath(import.meta.url));
const out = join(root, "bundle");

const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");

async function bundle() {
  const result = await build({
    absWorkingDir: root,
    entryPoints: { app: "src/main.ts" },
    outdir: "bundle",
    bundle: true, minify: true, write: false, format: "esm", target: "es2021", charset: "utf8",
    legalComments: "none", logLevel: "warning",
  });
  const text = (ending) => result.outputFiles.find((file) => file.path.endsWith(ending)).contents;
  return { js: Buffer.from(text(".js")), css: Buffer.from(text(".css")) };
}

function licences() {
  const uplot = readFileSync(join(root, "node_modules/uplot/LICENSE"), "utf8").trim();
  const version = JSON.parse(readFileSync(join(root, "node_modules/uplot/package.json"), "utf8")).version;
  return Buffer.from(`This page contains uPlot ${version}, under the following licence.\n\n${uplot}\n`);
}

async function files() {
  const { js, css } = await bundle();
  const named = (stem, ending, bytes) => `assets/${stem}-${hash(bytes).slice(0, 10)}.${ending}`;
  const notice = licences();
  const names = { js: named("app", "js", js), css: named("page", "css", css), licences: named("licences", "txt", notice) };
  const html = readFileSync(join(root, "src/index.html"), "utf8").split("\n").map((line) => line.trim()).join("\n")
    .replace(/\{\{(\w+)\}\}/g, (_, name) => names[name]);
  return [
    { path: "index.html", url: "/index.html", type: "text/html; charset=utf-8", immutable: false, raw: Buffer.from(html) },
    { path: names.js, url: "/" + names.js, type: "text/javascript; charset=utf-8", immutable: true, raw: js },
    { path: names.css, url: "/" + names.css, type: "text/css; charset=utf-8", immutable: true, raw: css },
    { path: names.licences, url: "/" + names.licences, type: "text/plain; charset=utf-8", immutable: true, raw: notice },
  ];
}

const gz = (raw) => gzipSync(raw, { level: 9 });
const br = (raw) => brotliCompressSync(raw, { params: {
  [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 22, [constants.BROTLI_PARAM_SIZE_HINT]: raw.length } });

// One line an asset; bundle.cc includes it. Symbols are numbered, paths are relative to web/bundle.
function list(assets) {
  const lines = assets.map((asset, i) =>
    `LONGHAUL_ASSET(${i}, "${asset.url}", "${asset.type}", "${asset.path}", "${hash(asset.raw).slice(0, 16)}", ${asset.immutable})`);
  return Buffer.from("// Written by web/build: symbol, address, content type, file, digest, immutable.\n" + lines.join("\n") + "\n");
}

function committed() {
  const under = (folder) => readdirSync(join(out, folder), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? under(join(folder, entry.name)) : [join(folder, entry.name)]);
  return under(".").filter((name) => !["bundle.h", "bundle.cc", "CMakeLists.txt"].includes(name)).sort();
}

const unpack = (name, bytes) => (name.endsWith(".gz") ? gunzipSync(bytes) : name.endsWith(".br") ? brotliDecompressSync(bytes) : bytes);

const assets = await files();
const wanted = new Map([["assets.inc", list(assets)]]);
for (const asset of assets) {
  wanted.set(asset.path, asset.raw);
  wanted.set(asset.path + ".gz", gz(asset.raw));
  wanted.set(asset.path + ".br", br(asset.raw));
}

if (process.argv.includes("--check")) {
  const faults = [];
  for (const [name, bytes] of wanted) {
    if (!existsSync(join(out, name))) faults.push(`${name} is missing`);
    else if (!unpack(name, readFileSync(join(out, name))).equals(unpack(name, bytes))) faults.push(`${name} differs`);
  }
  for (const name of committed()) if (!wanted.has(name)) faults.push(`${name} is left over`);
  if (faults.length) {
    console.error(`web/bundle is not what web/src gives:\n  ${faults.join("\n  ")}\nrun web/build and commit the result`);
    process.exit(1);
  }
  console.log("web/bundle is what web/src gives");
} else {
  rmSync(join(out, "assets"), { recursive: true, force: true });
  mkdirSync(join(out, "assets"), { recursive: true });
  for (const [name, bytes] of wanted) writeFileSync(join(out, name), bytes);
}
const load = assets.slice(0, 3).reduce((sum, asset) => sum + br(asset.raw).length, 0);
console.log(`first load: ${load} bytes (brotli)`);
