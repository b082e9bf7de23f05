// Lets node-semver compare versions; see README.md.
const semver = require(process.argv[2]);
const lines = require("fs").readFileSync(0, "utf8").split("\n");
lines.pop();
for (const line of lines) {
  const [a, b] = line.split("\t");
  const options = { loose: true };
  const refused = !semver.valid(a, options) || !semver.valid(b, options);
  console.log(refused ? "?" : semver.compare(a, b, options));
}
