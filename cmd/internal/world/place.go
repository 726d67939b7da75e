// SPDX-License-Identifier: Apache-2.0

package world

import (
	"fmt"
	"slices"
	"strings"
)

// Name is a name in the page's two languages.
type Name struct {
	JA string `json:"ja"`
	EN string `json:"en"`
}

// Office is a counter of a city.
type Office struct {
	ID   string // as given to --office: the place's code in the city's rules
	Name Name
	// Group is the office group in records, "g01" to "g40".
	Group string
}

// City is a municipality whose counters can be simulated.
type City struct {
	ID      string // as given to --city
	Name    Name
	Offices []Office // the first is the default
}

// code is the city's code in topics, which know no underscore.
func (c City) code() string { return strings.ReplaceAll(c.ID, "_", "-") }

// Cities are the five municipalities whose published rules the project knows.
// Two of them are not named by their page.
var Cities = []City{
	{"nabari", Name{"名張市", "Nabari City"}, []Office{
		{"nabari_city_hall", Name{"名張市役所", "Nabari City Hall"}, "g01"},
	}},
	{"matsue", Name{"松江市", "Matsue City"}, []Office{
		{"city_hall", Name{"松江市役所", "Matsue City Hall"}, "g01"},
		{"aeon_matsue", Name{"イオン松江窓口", "Aeon Matsue counter"}, "g02"},
		{"kashima_branch", Name{"鹿島支所", "Kashima branch"}, "g03"},
		{"shimane_branch", Name{"島根支所", "Shimane branch"}, "g03"},
		{"mihonoseki_branch", Name{"美保関支所", "Mihonoseki branch"}, "g03"},
		{"yakumo_branch", Name{"八雲支所", "Yakumo branch"}, "g03"},
		{"tamayu_branch", Name{"玉湯支所", "Tamayu branch"}, "g03"},
		{"shinji_branch", Name{"宍道支所", "Shinji branch"}, "g03"},
		{"yatsuka_branch", Name{"八束支所", "Yatsuka branch"}, "g03"},
		{"higashi_izumo_branch", Name{"東出雲支所", "Higashi-Izumo branch"}, "g03"},
	}},
	{"sakuragawa", Name{"桜川市", "Sakuragawa City"}, []Office{
		{"iwase", Name{"岩瀬庁舎", "Iwase office"}, "g01"},
		{"yamato", Name{"大和庁舎", "Yamato office"}, "g02"},
		{"makabe", Name{"真壁庁舎", "Makabe office"}, "g02"},
	}},
	{"city_001", Name{"見本市一", "Sample City 1"}, []Office{
		{"city_hall", Name{"見本市役所", "Sample City Hall"}, "g01"},
	}},
	{"city_004", Name{"見本市四", "Sample City 4"}, []Office{
		{"city_hall", Name{"見本市役所", "Sample City Hall"}, "g01"},
	}},
}

// Place finds a city and one of its offices, by its code or its Japanese name;
// "" is the city's first. The errors list what there is.
func Place(city, office string) (City, Office, error) {
	i := slices.IndexFunc(Cities, func(c City) bool { return c.ID == city })
	if i < 0 {
		ids := make([]string, len(Cities))
		for i, c := range Cities {
			ids[i] = c.ID
		}
		return City{}, Office{}, fmt.Errorf("city %q is not known: choose one of %s", city, strings.Join(ids, ", "))
	}
	c := Cities[i]
	if office == "" {
		return c, c.Offices[0], nil
	}
	ids := make([]string, len(c.Offices))
	for i, o := range c.Offices {
		if o.ID == office || o.Name.JA == office {
			return c, o, nil
		}
		ids[i] = o.ID
	}
	return City{}, Office{}, fmt.Errorf("office %q is no office of %s: choose one of %s", office, city, strings.Join(ids, ", "))
}
