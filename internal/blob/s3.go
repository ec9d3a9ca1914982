// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"gocloud.dev/blob"
	"gocloud.dev/blob/s3blob"
)

// s3File is what an S3 credentials file holds; the names are Prow's.
type s3File struct {
	Region         string `json:"region"`
	Endpoint       string `json:"endpoint"` // with or without a scheme
	Insecure       bool   `json:"insecure"` // plain HTTP, where the endpoint has no scheme
	ForcePathStyle bool   `json:"s3_force_path_style"`
	AccessKey      string `json:"access_key"`
	SecretKey      string `json:"secret_key"`
	SessionToken   string `json:"session_token"`
}

// openS3 opens an s3:// bucket. Without a file, the AWS SDK looks for credentials,
// region and endpoint itself, and the URL's parameters come first.
func openS3(ctx context.Context, u *url.URL, credentialsFile string) (*blob.Bucket, error) {
	file, err := readS3File(credentialsFile)
	if err != nil {
		return nil, err
	}
	for param, values := range u.Query() {
		switch param {
		case "region":
			file.Region = values[0]
		case "endpoint":
			file.Endpoint = values[0]
		case "use_path_style":
			file.ForcePathStyle = values[0] == "true"
		default:
			return nil, fmt.Errorf("unknown parameter %q", param)
		}
	}
	client, err := file.client(ctx)
	if err != nil {
		return nil, err
	}
	return s3blob.OpenBucket(ctx, client, u.Host, &s3blob.Options{
		RequestChecksumCalculation: client.Options().RequestChecksumCalculation,
	})
}

func readS3File(path string) (s3File, error) {
	var f s3File
	if path == "" {
		return f, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return f, fmt.Errorf("reading S3 credentials: %w", err)
	}
	if err := json.Unmarshal(data, &f); err != nil {
		// The decoder's words may quote a secret.
		return f, fmt.Errorf("S3 credentials file %s is not valid JSON", path)
	}
	return f, nil
}

// client returns the S3 client that f describes.
func (f s3File) client(ctx context.Context) (*s3.Client, error) {
	opts := []func(*config.LoadOptions) error{
		config.WithRetryer(func() aws.Retryer {
			// What Amazon says to creators of the same object at the same time; one of
			// them is told "exists" when they ask again.
			return patient{retry.AddWithErrorCodes(retry.NewStandard(), "ConditionalRequestConflict")}
		}),
	}
	if f.AccessKey != "" {
		opts = append(opts, config.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(f.AccessKey, f.SecretKey, f.SessionToken)))
	}
	if f.Endpoint != "" {
		// Other servers than Amazon's do not all know the newer checksums.
		opts = append(opts,
			config.WithRequestChecksumCalculation(aws.RequestChecksumCalculationWhenRequired),
			config.WithResponseChecksumValidation(aws.ResponseChecksumValidationWhenRequired))
	}
	cfg, err := config.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return nil, fmt.Errorf("loading AWS configuration: %w", err)
	}
	return s3.NewFromConfig(cfg, func(o *s3.Options) {
		// Amazon answers for every region from this one, with a redirect.
		o.Region = cmp.Or(f.Region, cfg.Region, "us-east-1")
		o.UsePathStyle = f.ForcePathStyle
		if f.Endpoint != "" {
			o.BaseEndpoint = aws.String(f.endpointURL())
		}
	}), nil
}

// patient waits for as long as a server asks for.
type patient struct{ aws.Retryer }

// RetryDelay implements aws.Retryer.
func (p patient) RetryDelay(attempt int, err error) (time.Duration, error) {
	if after := RetryAfter(err); after > 0 {
		return after, nil
	}
	return p.Retryer.RetryDelay(attempt, err)
}

func (f s3File) endpointURL() string {
	switch {
	case strings.Contains(f.Endpoint, "://"):
		return f.Endpoint
	case f.Insecure:
		return "http://" + f.Endpoint
	}
	return "https://" + f.Endpoint
}
