// Package spelling finds the name that somebody may have meant.
package spelling

// Nearest returns the one of names that takes the fewest changes of a letter to
// reach from name, the first of them if there are several; "" if there are none.
func Nearest(name string, names []string) string {
	best, least := "", -1
	for _, candidate := range names {
		if d := Distance(name, candidate); least < 0 || d < least {
			best, least = candidate, d
		}
	}
	return best
}

// Likely returns what Nearest does, but "" if it is too far off to be what was meant: a letter,
// and one more for every three of name.
func Likely(name string, names []string) string {
	near := Nearest(name, names)
	if Distance(name, near) > 1+len(name)/3 {
		return ""
	}
	return near
}

// Distance counts the bytes to insert, remove or replace to make b of a
// (Levenshtein), by rows.
func Distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
