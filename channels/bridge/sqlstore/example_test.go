package sqlstore_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
)

func ExampleKeyFile() {
	dir, err := os.MkdirTemp("", "bridge-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "bridge.keys")

	if _, err := sqlstore.KeyFile(file); err != nil { // made at the first start, read at all others
		log.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(info.Name(), info.Mode())
	// Output: bridge.keys -rw-------
}
