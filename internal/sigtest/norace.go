//go:build !race

package sigtest

// RaceDetector says whether the tests run under the race detector.
const RaceDetector = false
