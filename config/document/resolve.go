// SPDX-License-Identifier: Apache-2.0

package document

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// hints are the first characters of plain scalars that may be something other than strings.
const hints = "+-0123456789yYnNtTfFoO~."

// floats is the form of a float; the rest of what strconv reads is text.
var floats = regexp.MustCompile(`^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`)

// meaning is what a plain scalar is.
type meaning uint8

const (
	isText meaning = iota
	isNull
	isBool
	isInt
	isUint
	isFloat
)

// resolved is a plain scalar that has been looked at. Only the field that its meaning names is set.
type resolved struct {
	meaning meaning
	bool    bool
	int     int64
	uint    uint64
	float   float64
}

// resolve says what a plain scalar is, by the rules of YAML 1.1 as Go's YAML library reads them.
func resolve(text string) resolved {
	if text == "" {
		return resolved{meaning: isNull}
	}
	if strings.IndexByte(hints, text[0]) < 0 {
		return resolved{}
	}
	switch c := text[0]; {
	case c == '+' || c == '-' || c == '.' || c >= '0' && c <= '9':
		return resolveNumber(text)
	case len(text) > len("false"):
		return resolved{}
	}
	switch text {
	case "~", "null", "Null", "NULL":
		return resolved{meaning: isNull}
	case "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON":
		return resolved{meaning: isBool, bool: true}
	case "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF":
		return resolved{meaning: isBool}
	}
	return resolved{}
}

func resolveNumber(text string) resolved {
	switch text {
	case ".nan", ".NaN", ".NAN":
		return resolved{meaning: isFloat, float: math.NaN()}
	case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF":
		return resolved{meaning: isFloat, float: math.Inf(1)}
	case "-.inf", "-.Inf", "-.INF":
		return resolved{meaning: isFloat, float: math.Inf(-1)}
	}
	if text[0] == '.' {
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return resolved{meaning: isFloat, float: f}
		}
		return resolved{}
	}
	if !strings.ContainsAny(text, "0123456789") || strings.Trim(text, "0123456789abcdefABCDEFxXoO_.+-") != "" {
		return resolved{} // Most are words or versions: the rest would say so at length.
	}
	plain := strings.ReplaceAll(text, "_", "")
	if strings.IndexByte(plain, '.') < 0 {
		if i, err := strconv.ParseInt(plain, 0, 64); err == nil {
			return resolved{meaning: isInt, int: i}
		}
		if u, err := strconv.ParseUint(plain, 0, 64); err == nil {
			return resolved{meaning: isUint, uint: u}
		}
	}
	if floats.MatchString(plain) {
		if f, err := strconv.ParseFloat(plain, 64); err == nil {
			return resolved{meaning: isFloat, float: f}
		}
	}
	return resolved{}
}

// resolvedKey is the string that a plain key becomes; there is none for null.
func resolvedKey(text string) (string, bool) {
	switch r := resolve(text); r.meaning {
	case isNull:
		return "", false
	case isText:
		return text, true
	case isFloat:
		return floatKey(r.float), true
	default:
		return r.text(), true
	}
}

func floatKey(f float64) string {
	switch text := strconv.FormatFloat(f, 'g', -1, 32); text {
	case "+Inf":
		return ".inf"
	case "-Inf":
		return "-.inf"
	case "NaN":
		return ".nan"
	default:
		return text
	}
}

// text is a bool or number where a string is wanted.
func (r resolved) text() string {
	switch r.meaning {
	case isBool:
		return strconv.FormatBool(r.bool)
	case isInt:
		return strconv.FormatInt(r.int, 10)
	case isUint:
		return strconv.FormatUint(r.uint, 10)
	case isFloat:
		return strconv.FormatFloat(r.float, 'g', -1, 32)
	default:
		return ""
	}
}
