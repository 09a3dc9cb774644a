// Package docs checks the documentation that people read with go doc.
package docs

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../../.."

// packages returns the folders of the root module's public packages.
func packages(t *testing.T) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if name := d.Name(); path != root && (strings.HasPrefix(name, ".") || name == "internal" || name == "testdata" || name == "examples") {
			return fs.SkipDir
		}
		sources, err := filepath.Glob(filepath.Join(path, "*.go"))
		if len(sources) > 0 {
			out = append(out, path)
		}
		return err
	})
	if err != nil || len(out) < 10 {
		t.Fatalf("found %d packages: %v", len(out), err)
	}
	return out
}

// read returns a package's documentation, with its examples.
func read(t *testing.T, dir string) *doc.Package {
	t.Helper()
	fset := token.NewFileSet()
	var files []*ast.File
	sources, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range sources {
		f, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	p, err := doc.NewFromFiles(fset, files, strings.TrimPrefix(dir, root+"/"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestEveryExportIsDocumented(t *testing.T) {
	for _, dir := range packages(t) {
		p := read(t, dir)
		if p.Doc == "" {
			t.Errorf("package %s has no comment", p.ImportPath)
		}
		want := func(name, comment string) {
			if comment == "" {
				t.Errorf("%s.%s has no comment", p.Name, name)
			}
		}
		values := func(all []*doc.Value) {
			for _, v := range all {
				for _, spec := range v.Decl.Specs {
					s := spec.(*ast.ValueSpec)
					if s.Names[0].IsExported() {
						want(s.Names[0].Name, v.Doc+s.Doc.Text()+s.Comment.Text())
					}
				}
			}
		}
		functions := func(of string, all []*doc.Func) {
			for _, f := range all {
				want(of+f.Name, f.Doc)
			}
		}
		values(append(p.Consts, p.Vars...))
		functions("", p.Funcs)
		for _, ty := range p.Types {
			want(ty.Name, ty.Doc)
			values(append(ty.Consts, ty.Vars...))
			functions("", ty.Funcs)
			functions(ty.Name+".", ty.Methods)
			for _, name := range undocumented(ty) {
				t.Errorf("%s.%s.%s has no comment", p.Name, ty.Name, name)
			}
		}
	}
}

// undocumented returns the methods of an interface that have no comment.
func undocumented(ty *doc.Type) []string {
	var out []string
	for _, spec := range ty.Decl.Specs {
		x, ok := spec.(*ast.TypeSpec).Type.(*ast.InterfaceType)
		if !ok {
			continue
		}
		for _, f := range x.Methods.List {
			for _, name := range f.Names {
				if name.IsExported() && f.Doc == nil && f.Comment == nil {
					out = append(out, name.Name)
				}
			}
		}
	}
	return out
}

// TestEveryPackageHasAnExample wants one that runs: with an output to compare.
func TestEveryPackageHasAnExample(t *testing.T) {
	for _, dir := range packages(t) {
		if dir == root || strings.HasSuffix(dir, "/bridgetest") {
			continue // documentation only; and what runs only within a test
		}
		found := false
		tests, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range tests {
			source, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			f, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range doc.Examples(f) {
				found = found || e.Output != "" || e.EmptyOutput
			}
		}
		if !found {
			t.Errorf("package %s has no example that runs", strings.TrimPrefix(dir, root+"/"))
		}
	}
}
