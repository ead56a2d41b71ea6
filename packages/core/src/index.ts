export { assert, err, ok, unreachable, type Result } from "./kernel/result.ts";
