package bridgetest

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

// journal keeps what a bridge logs, for failures.
type journal struct {
	mu    sync.Mutex
	lines strings.Builder
}

// Write implements [io.Writer]. It leaves out what the bridge says of the crashes that the tests make up.
func (j *journal) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte(bridge.ErrLeaseLost.Error())) {
		return len(line), nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.lines.Write(line)
}

// String returns what was logged.
func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.TrimSpace(j.lines.String())
}

func (j *journal) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: withoutTime}))
}

func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
