// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/base64"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// podNamespace is where jobs run, as in deploy/.
const podNamespace = "test-pods"

func makeSecret(s *story, args []string) error {
	_, err := s.m.Kube.CoreV1().Secrets(podNamespace).Create(s.ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: args[0]},
		StringData: map[string]string{args[1]: args[2]},
	}, metav1.CreateOptions{})
	return err
}

func live(s *story, args []string) error {
	return s.await(func() error {
		chunk, err := s.stored(args[0], "build-log.txt.live/000000000000000")
		if err != nil {
			return err
		}
		if found, err := match(args[1], chunk); err != nil || !found {
			return fmt.Errorf("it does not match (%w):\n%s", err, chunk)
		}
		return nil
	})
}

// nowhere looks for the text, and for its base64, as it is stored.
func nowhere(s *story, args []string) error {
	if err := s.settled(); err != nil {
		return err
	}
	folder, err := s.folder(args[0])
	if err != nil {
		return err
	}
	files := 0
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		for _, text := range []string{args[1], base64.StdEncoding.EncodeToString([]byte(args[1]))} {
			if strings.Contains(string(content), text) {
				return fmt.Errorf("%q is in %s", text, path)
			}
		}
		return nil
	})
	if err == nil && files == 0 {
		err = fmt.Errorf("the run has no files in %s", folder)
	}
	return err
}
