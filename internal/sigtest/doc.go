// Package sigtest is what the tests of several packages need: a kernel that does
// what a test tells it, a check that nothing was left behind, and tests that run
// in a process of their own. Only tests import it.
package sigtest
