package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
)

const docs = "../../../docs/"

func TestParse(t *testing.T) {
	t.Parallel()
	got := parse("a\x1b[1mb\x1b[31mc\n\td\x1b[0m\x1b[2Ke\r\n\nf\x07\x1b[2;36mg\x1b[39;22mh\x1b[9")
	want := [][]run{
		{{text: "a"}, {style{bold: true}, 1, "b"}, {style{bold: true, colour: "red"}, 2, "c"}},
		{{style{bold: true, colour: "red"}, 0, "        d"}, {style{}, 9, "e"}},
		nil,
		{{text: "f"}, {style{faint: true, colour: "cyan"}, 1, "g"}, {style{}, 2, "h"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestPictureIsXMLThatSaysTheText(t *testing.T) {
	t.Parallel()
	d := xml.NewDecoder(strings.NewReader(draw("cat <file>", "  1 < 2 & \x1b[32m3\x00\nZoë\n")))
	var said []string
	var class string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			class = token.Name.Local
			for _, a := range token.Attr {
				if a.Name.Local == "class" {
					class += "." + a.Value
				}
			}
		case xml.CharData:
			if s := string(token); strings.HasPrefix(class, "t") && s != "\n" {
				said = append(said, class+"="+s)
			}
		}
	}
	want := []string{"title=What cat <file> printed", "text.faint=$", "text.bold=cat <file>", "text=1 < 2 &", "text.green=3", "text.green=Zoë"}
	if !reflect.DeepEqual(said, want) {
		t.Errorf("said %q\nwant %q", said, want)
	}
}

// The picture in the documentation is what the program printed, and the page
// beside it quotes the same run.
func TestDocumentationShowsTheRun(t *testing.T) {
	t.Parallel()
	file := func(name string) string {
		b, err := os.ReadFile(docs + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	printed := file("images/burst.ansi")
	if draw("nice -n -20 go run ./examples/burst -runs 9", printed) != file("images/burst.svg") {
		t.Error("docs/images/burst.svg is not the picture of burst.ansi: run go generate in examples/internal/termsvg")
	}
	page := file("why-the-single-threaded-server-loses.md")
	for _, runs := range parse(printed) {
		var line strings.Builder
		for _, r := range runs {
			line.WriteString(r.text)
		}
		if !strings.Contains(page, "\n"+line.String()+"\n") {
			t.Errorf("the page does not quote this line of the run: %q", line.String())
		}
	}
}
