package nmf

import "polyad/internal/named"

// MarshalJSON returns "hals", or an object with that as its name and the fields
// that are set.
func (a HALS) MarshalJSON() ([]byte, error) {
	type fields HALS
	return named.Marshal(a.String(), fields(a))
}

// UnmarshalJSON reads what MarshalJSON returns; the error wraps [ErrOption].
func (a *HALS) UnmarshalJSON(b []byte) error {
	type fields HALS
	return named.Unmarshal(b, a.String(), (*fields)(a), ErrOption)
}

// MarshalJSON returns "mu", or an object with that as its name and the fields
// that are set.
func (a MU) MarshalJSON() ([]byte, error) {
	type fields MU
	return named.Marshal(a.String(), fields(a))
}

// UnmarshalJSON reads what MarshalJSON returns; the error wraps [ErrOption].
func (a *MU) UnmarshalJSON(b []byte) error {
	type fields MU
	return named.Unmarshal(b, a.String(), (*fields)(a), ErrOption)
}

// MarshalJSON returns "anls", or an object with that as its name and the fields
// that are set.
func (a ANLS) MarshalJSON() ([]byte, error) {
	type fields ANLS
	return named.Marshal(a.String(), fields(a))
}

// UnmarshalJSON reads what MarshalJSON returns; the error wraps [ErrOption].
func (a *ANLS) UnmarshalJSON(b []byte) error {
	type fields ANLS
	return named.Unmarshal(b, a.String(), (*fields)(a), ErrOption)
}

// MarshalJSON returns "als", or an object with that as its name and the fields
// that are set.
func (a ALS) MarshalJSON() ([]byte, error) {
	type fields ALS
	return named.Marshal(a.String(), fields(a))
}

// UnmarshalJSON reads what MarshalJSON returns; the error wraps [ErrOption].
func (a *ALS) UnmarshalJSON(b []byte) error {
	type fields ALS
	return named.Unmarshal(b, a.String(), (*fields)(a), ErrOption)
}

// MarshalText returns "random".
func (s Random) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads it; the error wraps [ErrOption].
func (s *Random) UnmarshalText(text []byte) error { return choices.Starts.Set(s, text) }

// MarshalText returns "nndsvd", "nndsvda" or "nndsvdar", and an error for a filling
// that does not exist.
func (s NNDSVD) MarshalText() ([]byte, error) {
	if _, err := s.Fill.MarshalText(); err != nil {
		return nil, err
	}
	return []byte(s.String()), nil
}

// UnmarshalText reads it; the error wraps [ErrOption].
func (s *NNDSVD) UnmarshalText(text []byte) error { return choices.Starts.Set(s, text) }

// MarshalText returns "spa".
func (s SPA) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads it; the error wraps [ErrOption].
func (s *SPA) UnmarshalText(text []byte) error { return choices.Starts.Set(s, text) }
