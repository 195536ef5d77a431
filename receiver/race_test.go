//go:build race

package receiver_test

// raceDetector makes everything ten times as slow.
const raceDetector = true
