use super::*;

#[test]
fn every_recipe_of_the_set_can_run() {
    let set = Signatures::embedded().unwrap();
    let wrong: Vec<String> = set
        .recipes
        .values()
        .filter_map(|r| check_recipe(r).err().map(|e| format!("{} ({}): {e}", r.id, r.origin)))
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
    assert!(set.recipes.contains_key("mobtech-dinfo"));
}
