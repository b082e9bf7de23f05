<?php
// Lets Composer normalise and PHP compare versions; see README.md.
require $argv[1];

$parser = new Composer\Semver\VersionParser();
while (($line = fgets(STDIN)) !== false) {
    [$a, $b] = explode("\t", rtrim($line, "\n"));
    try {
        [$a, $b] = [$parser->normalize($a), $parser->normalize($b)];
        // Branches have no place among versions.
        $branch = str_starts_with($a, 'dev-') || str_starts_with($b, 'dev-');
        echo $branch ? '?' : version_compare($a, $b), "\n";
    } catch (UnexpectedValueException) {
        echo "?\n";
    }
}
