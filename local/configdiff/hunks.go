// SPDX-License-Identifier: Apache-2.0

package configdiff

// Hunk is a place where two lists differ.
type Hunk[T any] struct {
	// OldAt and NewAt are the indices of the first elements.
	OldAt, NewAt int
	Old, New     []T
}

// maxCells bounds the work: lists that are longer, and differ so much, are told
// as one hunk.
const maxCells = 4_000_000

// Hunks are the places where two lists differ, as few elements as can be.
func Hunks[T any](a, b []T, same func(x, y T) bool) []Hunk[T] {
	start := 0
	for start < len(a) && start < len(b) && same(a[start], b[start]) {
		start++
	}
	endA, endB := len(a), len(b)
	for endA > start && endB > start && same(a[endA-1], b[endB-1]) {
		endA, endB = endA-1, endB-1
	}
	if start == endA && start == endB {
		return nil
	}
	middle := Hunk[T]{OldAt: start, NewAt: start, Old: a[start:endA], New: b[start:endB]}
	if len(middle.Old)*len(middle.New) > maxCells {
		return []Hunk[T]{middle}
	}
	return middle.split(same)
}

// split cuts a hunk at the elements that both sides have.
func (h Hunk[T]) split(same func(x, y T) bool) []Hunk[T] {
	longest := longestCommon(h.Old, h.New, same)
	var hunks []Hunk[T]
	open := Hunk[T]{OldAt: h.OldAt, NewAt: h.NewAt}
	end := func(i, j int) {
		if len(open.Old)+len(open.New) > 0 {
			hunks = append(hunks, open)
		}
		open = Hunk[T]{OldAt: h.OldAt + i, NewAt: h.NewAt + j}
	}
	i, j := 0, 0
	for i < len(h.Old) || j < len(h.New) {
		switch {
		case i < len(h.Old) && j < len(h.New) && same(h.Old[i], h.New[j]):
			i, j = i+1, j+1
			end(i, j)
		case j == len(h.New) || i < len(h.Old) && longest[i+1][j] >= longest[i][j+1]:
			open.Old = append(open.Old, h.Old[i])
			i++
		default:
			open.New = append(open.New, h.New[j])
			j++
		}
	}
	end(i, j)
	return hunks
}

// longestCommon is, for each i and j, how many elements a[i:] and b[j:] have in common, in order.
func longestCommon[T any](a, b []T, same func(x, y T) bool) [][]int32 {
	longest := make([][]int32, len(a)+1)
	for i := range longest {
		longest[i] = make([]int32, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if same(a[i], b[j]) {
				longest[i][j] = longest[i+1][j+1] + 1
			} else {
				longest[i][j] = max(longest[i+1][j], longest[i][j+1])
			}
		}
	}
	return longest
}
