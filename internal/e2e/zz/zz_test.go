package zz

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
)

func cpu() time.Duration {
	var r syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func BenchmarkStore(b *testing.B) {
	dir := b.TempDir()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "x.db"))
	if err != nil {
		b.Fatal(err)
	}
	keys, _ := sqlstore.KeyFile(filepath.Join(dir, "keys"))
	ctx := context.Background()
	s, err := sqlstore.Open(ctx, db, sqlstore.SQLite, keys)
	if err != nil {
		b.Fatal(err)
	}
	node, _ := s.Join(ctx, "1")
	payload := make([]byte, 900)
	b.ResetTimer()
	c0 := cpu()
	var next atomic.Int64
	var wg, work sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				id := fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, n)))
				it := &bridge.NewItem{Key: "outgoing/" + id, Kind: bridge.KindOutgoing, Channel: "1", Portal: n % 20, Lane: fmt.Sprint("outgoing/", n%200), Order: n, Payload: payload, At: time.Now(), Deadline: time.Now().Add(time.Hour)}
				if _, err := s.Accept(ctx, it); err != nil {
					b.Error(err)
				}
			}
		})
	}
	done := 0
	var mu sync.Mutex
	held := map[int64]int{}
	total := 0
	for {
		mu.Lock()
		d, tot := done, total
		h := map[int64]int{}
		for k, v := range held {
			h[k] = v
		}
		mu.Unlock()
		if d == b.N {
			break
		}
		if 256-tot < 32 {
			time.Sleep(time.Millisecond)
			continue
		}
		cl, err := s.Claim(ctx, node, "1", time.Now(), bridge.Wanted{Limit: 256 - tot, PerPortal: 16, Held: h})
		if err != nil {
			b.Fatal(err)
		}
		if len(cl.Items) == 0 {
			time.Sleep(time.Millisecond)
		}
		for _, it := range cl.Items {
			mu.Lock()
			held[it.Portal]++
			total++
			mu.Unlock()
			work.Go(func() {
				then, err := s.Finish(ctx, node, it, &bridge.Outcome{At: time.Now(), Then: &bridge.NewItem{Kind: bridge.KindStatus, Channel: "1", Portal: it.Portal, Lane: fmt.Sprint("status/", it.Seq), Payload: payload[:80], At: time.Now(), Deadline: time.Now()}})
				if err != nil || then == nil {
					b.Error(err, then)
				}
				if _, err := s.Finish(ctx, node, then, &bridge.Outcome{At: time.Now()}); err != nil {
					b.Error(err)
				}
				mu.Lock()
				done++
				held[it.Portal]--
				total--
				mu.Unlock()
			})
		}
	}
	wg.Wait()
	work.Wait()
	b.ReportMetric(float64(cpu()-c0)/float64(b.N)/1000, "cpu-µs/op")
	if fi, err := os.Stat(filepath.Join(dir, "x.db-wal")); err == nil {
		b.ReportMetric(float64(fi.Size())/1e6, "wal-MB")
	}
}
