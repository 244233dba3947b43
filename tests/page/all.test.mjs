import "./reporter.test.mjs";
import "./unit.test.mjs";
import "./page.test.mjs";
import "./live.test.mjs";
import "./reader.test.mjs";
