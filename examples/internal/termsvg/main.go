// Termsvg draws what a program printed as a picture of a terminal.
//
//	termsvg [-title TEXT] [-o FILE] [FILE]
//
// It reads the text from FILE or from standard input, and writes SVG to FILE or to
// standard output. Bold, faint and the eight colours of terminals are kept, so a
// program is best told to use them (burst -colour, sigio --color always); other
// escape sequences are left out. Each character is one column wide.
//
// The terminal is dark, with a light border, to be read on a light and on a dark
// page.
package main

//go:generate go run . -title "nice -n -20 go run ./examples/burst -runs 9" -o ../../../docs/images/burst.svg ../../../docs/images/burst.ansi
//go:generate go run . -title "sigio demo" -o ../../../docs/images/demo.svg ../../../docs/images/demo.ansi

import (
	"flag"
	"io"
	"log"
	"os"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("termsvg: ")
	title := flag.String("title", "", "the command, drawn above what it printed")
	output := flag.String("o", "", "write the picture to this file")
	flag.Parse()
	if flag.NArg() > 1 {
		flag.Usage()
		os.Exit(2)
	}
	text, err := read(flag.Arg(0))
	if err != nil {
		log.Fatal(err)
	}
	if err := write(*output, draw(*title, text)); err != nil {
		log.Fatal(err)
	}
}

func read(name string) (string, error) {
	if name == "" {
		b, err := io.ReadAll(os.Stdin)
		return string(b), err
	}
	b, err := os.ReadFile(name)
	return string(b), err
}

func write(name, picture string) error {
	if name == "" {
		_, err := os.Stdout.WriteString(picture)
		return err
	}
	return os.WriteFile(name, []byte(picture), 0o644)
}
