// Writes docs/skein.schema.json from the built package, so that editors check skein.yaml by the same rules as Skein does.
import { writeFileSync } from "node:fs";
import { projectConfigJsonSchema } from "../dist/index.js";

const target = new URL("../../../docs/skein.schema.json", import.meta.url);
writeFileSync(target, `${JSON.stringify(projectConfigJsonSchema(), null, 2)}\n`);
