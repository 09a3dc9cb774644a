package crash

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// process is a running child.
type process struct {
	cmd    *exec.Cmd
	net    *network
	orders io.WriteCloser // a stage to arm; closed: stop gracefully
	addr   string
	listen chan string // the address, once
	stage  chan string // the armed stage was reached
	exited chan error
}

func (w *world) start() (*process, error) {
	setup, err := json.Marshal(w.setup)
	if err != nil {
		return nil, err
	}
	in, out, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer out.Close()
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(self), net: w.network, listen: make(chan string, 1), stage: make(chan string, 1), exited: make(chan error, 1)}
	p.cmd.Env = append(os.Environ(), childVariable+"="+string(setup))
	p.cmd.ExtraFiles = []*os.File{out}
	p.cmd.Stderr = w.log
	if p.orders, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go p.read(in)
	go func() { p.exited <- p.cmd.Wait() }()
	w.t.Cleanup(func() { _ = p.cmd.Process.Kill() }) // in case the test fails
	select {
	case p.addr = <-p.listen:
		p.net.join(p.addr)
		return p, nil
	case err := <-p.exited:
		return nil, fmt.Errorf("the child exited at its start: %w", err)
	case <-time.After(time.Minute):
		return nil, fmt.Errorf("the child does not start")
	}
}

// read takes the child's reports until it ends.
func (p *process) read(in io.ReadCloser) {
	defer in.Close()
	for lines := bufio.NewScanner(in); lines.Scan(); {
		switch what, value, _ := strings.Cut(lines.Text(), " "); what {
		case "addr":
			p.listen <- value
		case "stage":
			p.stage <- value
		}
	}
}

// kill ends the child without any warning.
func (p *process) kill() error {
	select {
	case err := <-p.exited:
		return fmt.Errorf("the child ended by itself: %w", err)
	default:
	}
	err := p.cmd.Process.Kill()
	p.net.leave(p.addr)
	<-p.exited
	return err
}

// freeze stops the child for a time, after which it goes on as if nothing had been.
func (p *process) freeze(d time.Duration) error {
	if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	p.net.leave(p.addr)
	time.Sleep(d)
	p.net.join(p.addr)
	return p.cmd.Process.Signal(syscall.SIGCONT)
}

// stop ends the child gracefully.
func (p *process) stop() error {
	p.net.leave(p.addr)
	if err := p.orders.Close(); err != nil {
		return err
	}
	select {
	case err := <-p.exited:
		return err
	case <-time.After(time.Minute):
		return fmt.Errorf("the child does not stop")
	}
}

// arm has the child stop at a stage.
func (p *process) arm(stage string) error {
	_, err := fmt.Fprintln(p.orders, stage)
	return err
}

// reached reports whether the child has come to the stage that is armed.
func (p *process) reached() bool {
	select {
	case <-p.stage:
		return true
	case <-time.After(3 * time.Second):
		return false
	}
}
