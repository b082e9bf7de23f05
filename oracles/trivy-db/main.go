// Command trivy-db writes the database that Trivy reads, from a Debian tracker document.
//
// Trivy's own database has the same statements in the same buckets; this one is made from the
// very document that Yagura reads, so that both judge a root by the same data.
//
//	zstd -dc tracker.json.zst | trivy-db CACHE_DIRECTORY
//
// It makes CACHE_DIRECTORY/db/trivy.db and CACHE_DIRECTORY/db/metadata.json, and prints how many
// statements it wrote. It builds without a network against Debian's golang-github-coreos-bbolt-dev.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
)

// releases maps the tracker's code names to the platforms that Trivy asks for.
var releases = map[string]string{
	"buster":   "debian 10",
	"bullseye": "debian 11",
	"bookworm": "debian 12",
	"trixie":   "debian 13",
}

// severities maps the tracker's urgency to Trivy's scale; no entry means unknown.
var severities = map[string]int{"unimportant": 1, "low": 1, "medium": 2, "high": 3}

// Values of Trivy's `Status`.
const (
	affected   = 2
	endOfLife  = 7
	noSeverity = 0
)

type tracker map[string]map[string]struct {
	Description string             `json:"description"`
	Releases    map[string]release `json:"releases"`
}

type release struct {
	Status       string `json:"status"`
	Urgency      string `json:"urgency"`
	FixedVersion string `json:"fixed_version"`
}

type advisory struct {
	FixedVersion string `json:",omitempty"`
	Status       int    `json:",omitempty"`
	Severity     int    `json:",omitempty"`
}

type vulnerability struct {
	Title       string
	Description string
	Severity    string
}

// verdict returns what Trivy's importer would store; false where the release is not affected or undecided.
func verdict(r release) (advisory, bool) {
	severity, known := severities[r.Urgency]
	if !known {
		severity = noSeverity
	}
	switch {
	case r.Status == "resolved" && r.FixedVersion != "" && r.FixedVersion != "0":
		return advisory{FixedVersion: r.FixedVersion, Severity: severity}, true
	case r.Status == "open" && r.Urgency == "end-of-life":
		return advisory{Status: endOfLife, Severity: severity}, true
	case r.Status == "open":
		return advisory{Status: affected, Severity: severity}, true
	}
	return advisory{}, false
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("trivy-db: ")
	if len(os.Args) != 2 {
		log.Fatal("usage: trivy-db CACHE_DIRECTORY < tracker.json")
	}
	var document tracker
	if err := json.NewDecoder(os.Stdin).Decode(&document); err != nil {
		log.Fatalf("cannot read the tracker document: %v", err)
	}
	folder := filepath.Join(os.Args[1], "db")
	written, err := write(folder, document)
	if err != nil {
		log.Fatalf("cannot write %s: %v", folder, err)
	}
	fmt.Println(written, "statements")
}

func write(folder string, document tracker) (int, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return 0, err
	}
	path := filepath.Join(folder, "trivy.db")
	// An older database would keep statements that the document no longer has.
	if err := os.RemoveAll(path); err != nil {
		return 0, err
	}
	db, err := bolt.Open(path, 0o644, &bolt.Options{Timeout: time.Second, NoSync: true})
	if err != nil {
		return 0, err
	}
	written := 0
	err = db.Update(func(tx *bolt.Tx) error {
		var err error
		written, err = fill(tx, document)
		return err
	})
	if err != nil {
		return 0, err
	}
	if err := db.Close(); err != nil {
		return 0, err
	}
	now := time.Now().UTC()
	metadata, err := json.Marshal(map[string]interface{}{
		"Version": 2, "NextUpdate": now.AddDate(1, 0, 0), "UpdatedAt": now, "DownloadedAt": now,
	})
	if err != nil {
		return 0, err
	}
	return written, os.WriteFile(filepath.Join(folder, "metadata.json"), metadata, 0o644)
}

func fill(tx *bolt.Tx, document tracker) (int, error) {
	sources, err := tx.CreateBucketIfNotExists([]byte("data-source"))
	if err != nil {
		return 0, err
	}
	texts, err := tx.CreateBucketIfNotExists([]byte("vulnerability"))
	if err != nil {
		return 0, err
	}
	platforms := map[string]*bolt.Bucket{}
	for codename, platform := range releases {
		origin := `{"ID":"debian","Name":"Debian Security Tracker","URL":"https://security-tracker.debian.org"}`
		if err := sources.Put([]byte(platform), []byte(origin)); err != nil {
			return 0, err
		}
		bucket, err := tx.CreateBucketIfNotExists([]byte(platform))
		if err != nil {
			return 0, err
		}
		platforms[codename] = bucket
	}
	written := 0
	// Keys in order fill the pages of the file instead of splitting them.
	names := make([]string, 0, len(document))
	for name := range document {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, source := range names {
		for id, entry := range document[source] {
			for codename, statement := range entry.Releases {
				bucket, known := platforms[codename]
				value, affected := verdict(statement)
				if !known || !affected {
					continue
				}
				packages, err := bucket.CreateBucketIfNotExists([]byte(source))
				if err != nil {
					return 0, err
				}
				if err := putJSON(packages, id, value); err != nil {
					return 0, err
				}
				written++
			}
			title, _, _ := strings.Cut(entry.Description, ". ")
			if err := putJSON(texts, id, vulnerability{Title: title, Description: entry.Description, Severity: "UNKNOWN"}); err != nil {
				return 0, err
			}
		}
	}
	return written, nil
}

func putJSON(bucket *bolt.Bucket, key string, value interface{}) error {
	bytes, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return bucket.Put([]byte(key), bytes)
}
