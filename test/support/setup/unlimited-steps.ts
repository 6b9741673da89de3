// Ends the budget of the last test's request: files of the quick tier share their modules.
import { beforeEach } from "vitest";
import { UNLIMITED, useMeter } from "../../../runtime/src/expressions/value/meter.ts";

beforeEach(() => useMeter(UNLIMITED));
