# Lets RubyGems compare versions; see README.md.
$stdin.each_line do |line|
  a, b = line.chomp.split("\t", -1)
  puts Gem::Version.correct?(a) && Gem::Version.correct?(b) ? Gem::Version.new(a) <=> Gem::Version.new(b) : "?"
end
