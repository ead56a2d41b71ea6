// Adds to package-lock.json the entries of optional packages for other platforms that the registry at hand did not know
// when the lock was written. `npm ci` wants each of them named, though it installs only the ones of its own platform.
// Run it after `npm install` when test/tidy/lockfile.test.ts says so; a folder may be named whose lockfile is meant, as
// bench/peers/ has one of its own.
import { readFileSync, writeFileSync } from "node:fs";

const file = new URL(`../${process.argv[2] ?? ""}package-lock.json`, import.meta.url);
const lock = JSON.parse(readFileSync(file, "utf8"));

/** What a binding's name says about where it runs. */
function platformOf(name) {
  const words = name
    .split("/")
    .at(-1)
    .replace(/^binding-/, "")
    .split("-");
  const os = words.find((word) =>
    ["android", "darwin", "freebsd", "linux", "openharmony", "win32", "windows"].includes(word),
  );
  const arch = words.find((word) => /^(arm|arm64|x64|64|ia32|ppc64|riscv64|s390x|wasm32|loong64)$/.test(word));
  const libc = words.some((word) => word.startsWith("musl"))
    ? "musl"
    : words.some((word) => word.startsWith("gnu"))
      ? "glibc"
      : undefined;
  return {
    ...(arch === undefined ? {} : { cpu: [arch === "64" ? "x64" : arch] }),
    license: "MIT",
    ...(os === "linux" && libc !== undefined ? { libc: [libc] } : {}),
    optional: true,
    ...(os === undefined ? {} : { os: [os === "windows" ? "win32" : os] }),
  };
}

let added = 0;
for (const { dev, optionalDependencies = {} } of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const key = `node_modules/${name}`;
    if (lock.packages[key] !== undefined || !/^\d+\.\d+\.\d+/.test(version)) continue;
    lock.packages[key] = { version, ...(dev === true ? { dev } : {}), ...platformOf(name) };
    added++;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).toSorted(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} entries added`);
