//go:build race

package sigtest

// RaceDetector says whether the tests run under the race detector, which makes
// everything several times as slow.
const RaceDetector = true
