package named

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"slices"
)

// LogValue returns for logs what v is in JSON: objects are groups, lists their JSON.
// The keys that are named, of whatever object, are left out.
func LogValue(v any, without ...string) slog.Value {
	b, err := json.Marshal(v)
	if err != nil {
		return slog.StringValue(err.Error())
	}
	return logValue(b, without)
}

func logValue(b []byte, without []string) slog.Value {
	d := json.NewDecoder(bytes.NewReader(b))
	open, err := d.Token()
	if open != json.Delim('{') || err != nil {
		var number float64
		var text string
		var yes bool
		switch {
		case json.Unmarshal(b, &yes) == nil && b[0] != 'n':
			return slog.BoolValue(yes)
		case json.Unmarshal(b, &number) == nil && b[0] != 'n':
			return slog.AnyValue(json.Number(b))
		case json.Unmarshal(b, &text) == nil:
			return slog.StringValue(text)
		}
		return slog.StringValue(string(b))
	}
	var group []slog.Attr
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return slog.StringValue(err.Error())
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return slog.StringValue(err.Error())
		}
		if !slices.Contains(without, key.(string)) {
			group = append(group, slog.Attr{Key: key.(string), Value: logValue(value, without)})
		}
	}
	return slog.GroupValue(group...)
}
