# SPDX-License-Identifier: Apache-2.0
# Turns the numbered migrations, given in order, into store_migrations[].
# Comment lines and leading blanks are left out.
BEGIN {
	print "/* Made from sql/ by sql/to_c.awk. */"
	print "#include \"store/store_migrate.h\""
	print "const struct store_migration store_migrations[] = {"
}
FNR == 1 {
	if (count++ > 0)
		print "\t},"
	name = FILENAME
	sub(/.*\//, "", name)
	if (name !~ /^[0-9][0-9][0-9]_[a-z_]+\.sql$/ || substr(name, 1, 3) + 0 <= last) {
		print "to_c.awk: " name " does not follow migration " last > "/dev/stderr"
		exit (failed = 1)
	}
	last = substr(name, 1, 3) + 0
	print "\t{ \"" name "\","
}
{
	sub(/^[ \t]+/, "")
	if ($0 ~ /^--/ || $0 == "")
		next
	gsub(/\\/, "&&")
	gsub(/"/, "\\\"")
	gsub(/\t/, " ")
	print "\t\"" $0 "\\n\""
}
END {
	if (failed)
		exit 1
	print "\t},\n};"
	print "const unsigned store_migrations_count = " count ";"
}
