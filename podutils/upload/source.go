// SPDX-License-Identifier: Apache-2.0

package upload

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// leftOutError is why a file is left out that looked well before.
type leftOutError struct {
	path string
	err  error
}

func (e *leftOutError) Error() string { return e.err.Error() }
func (e *leftOutError) Unwrap() error { return e.err }

// unreadableError is what a filter says of content that it cannot read. Its file
// will be no better the next time.
type unreadableError struct{ err error }

func (e *unreadableError) Error() string { return e.err.Error() }
func (e *unreadableError) Unwrap() error { return e.err }

// open opens a file of the items, behind the filter.
func (i *items) open(root *os.Root, name, shown string) (io.ReadCloser, error) {
	file, err := OpenRegular(root, name)
	if errno, ok := errors.AsType[syscall.Errno](err); ok && (errno.Temporary() || errno == syscall.EIO) {
		return nil, err
	}
	if err != nil {
		return nil, &leftOutError{shown, why(root, name, err)}
	}
	source, err := newSource(file, func(err error) { i.leftOut(shown, err) })
	if err != nil || i.filter == nil {
		return source, err
	}
	content, err := i.filter(shown, source)
	if err != nil {
		return nil, errors.Join(source.blame(err), source.Close())
	}
	return &filtered{content, source}, nil
}

// source is a file as long as it is when it is opened: others may write on for ever.
type source struct {
	file       *os.File
	size, read int64
	cut        func(error) // is told when the file gets shorter
	err        error       // of the file, as opposed to the filter's
}

func newSource(file *os.File, cut func(error)) (*source, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &source{file: file, size: info.Size(), cut: cut}, nil
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	if s.read == s.size {
		return 0, io.EOF
	}
	n, err := s.file.Read(p[:min(int64(len(p)), s.size-s.read)])
	s.read += int64(n)
	if err == io.EOF {
		s.cut(fmt.Errorf("the file was cut while it was read, from %d bytes to %d, which are stored", s.size, s.read))
		s.size = s.read
	} else if err != nil {
		s.err = err
	}
	return n, err
}

// Close implements io.Closer.
func (s *source) Close() error { return s.file.Close() }

// Size is about how many bytes there are.
func (s *source) Size() int64 { return s.size }

// blame makes err permanent, unless it comes from the file.
func (s *source) blame(err error) error {
	if err == nil || err == io.EOF || s.err != nil {
		return err
	}
	return &unreadableError{err}
}

// filtered is what the filter makes of a source.
type filtered struct {
	content io.ReadCloser
	source  *source
}

// Read implements io.Reader.
func (f *filtered) Read(p []byte) (int, error) {
	n, err := f.content.Read(p)
	return n, f.source.blame(err)
}

// Close implements io.Closer.
func (f *filtered) Close() error { return f.content.Close() }

// Size is about how many bytes there are.
func (f *filtered) Size() int64 { return f.source.size }

// OpenRegular opens a file that no link may lead out of root to. It does not hang
// on a pipe that came in place of the file, but fails.
func OpenRegular(root *os.Root, file string) (*os.File, error) {
	f, err := root.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		err = regular(info)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func regular(info fs.FileInfo) error {
	if info.Mode().IsRegular() {
		return nil
	}
	for mode, kind := range map[fs.FileMode]string{
		fs.ModeDir: "folder", fs.ModeNamedPipe: "pipe", fs.ModeSocket: "socket", fs.ModeDevice: "device",
	} {
		if info.Mode()&mode != 0 {
			return fmt.Errorf("it is no file but a %s", kind)
		}
	}
	return fmt.Errorf("it is no file but has mode %v", info.Mode())
}

var (
	errLeadsOut  = errors.New("it is a link that leads out of the folder")
	errLeadsAway = errors.New("it is a link to nothing")
)

// why says, for people, why what is named cannot be looked at.
func why(root *os.Root, name string, err error) error {
	number := syscall.Errno(0)
	info, statErr := root.Lstat(name)
	switch {
	case statErr != nil || info.Mode()&fs.ModeSymlink == 0:
		if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
			return pathErr.Err // the name is told beside it
		}
		return err
	case errors.Is(err, fs.ErrNotExist):
		return errLeadsAway
	case errors.As(err, &number): // such as one without rights
		return number
	}
	return errLeadsOut // which is not the system's to say
}
